"""pii-shield-wasi: a Go reactor that finds secrets in text."""

from pii_shield import PiiShield, PiiShieldConfig

TEXT = "Connecting to DB with password: MySuperSecretPassword123!\ncard 4111 1111 1111 1111, key=AKIAIOSFODNN7EXAMPLE\nplain words only\n"
for config in (
    PiiShieldConfig(salt="salt"), PiiShieldConfig(salt="salt", entropy_threshold=4.0, confidence_score=0.8), PiiShieldConfig(salt="s", entity_type_labels=True),
    PiiShieldConfig(salt="s", custom_regexes=[{"pattern": "plain", "name": "P"}]),
):  # fmt: skip
    print(PiiShield(config).redact(TEXT))
shield = PiiShield(PiiShieldConfig(salt="salt"))
print(len(shield.redact(TEXT * 100)))
