"""cowboy-protocol-py: a transaction codec; keys, addresses, errors."""

import cowboy_protocol as cp

for byte in range(1, 9):
    print(cp.address_from_private_key(bytes([byte] * 32)), cp.sign(bytes(range(32)), bytes([byte] * 32)).hex())
for call in (lambda: cp.signing_hash_hex('{"chain_id": 42}'), lambda: cp.address_from_private_key(b"short")):
    try:
        print(call())
    except (cp.CowboyProtocolError, ValueError) as error:
        print(type(error).__name__, error)
print(cp.provenance()["wasm"])
