"""gangajal: a profanity filter whose imports are Python functions."""

from gangajal import reload_assets, validate

for text in ("a fine day", "what the hell is this shit", "ünïcödé 💥", "", "damn " * 50):
    for mode in range(4):
        print(mode, validate(text, mode))
reload_assets()
print(sum(len(validate(f"text number {number} of many, hell and all")) for number in range(2000)))
