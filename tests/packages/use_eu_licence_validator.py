"""eu-licence-validator: a Go program that checks licence plates, called thousands of times."""

from eu_licence_validator import is_valid

PLATES = ("WPI 1234X", "AA-123-SS", "AB-123-CD", "B AB 1234", "W 12345 A", "1-ABC-234", "AB12 CDE", "", "💥")
COUNTRIES = ("PL", "FR", "DE", "AT", "BE", "GB", "IT", "ES", "XX")
for plate in PLATES:
    print(plate, [is_valid(plate, country) for country in COUNTRIES])
print(sum(is_valid(f"AB-{number:03}-CD", "FR") for number in range(1000)))
