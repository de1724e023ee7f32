"""fazflow-policy-gate: a policy engine in Rust without any import."""

from fazflow_policy_gate import PolicyGate, PolicyGateError

gate = PolicyGate.load()
print(gate.version(), gate.artefato_hash, gate.unload_bundle())
POLICIES = "permit(principal, action, resource); forbid(principal, action == Tool::\"drop\", resource);"
for bundle in ({"versao": "v1", "politicas": POLICIES}, {"versao": "v2", "politicas": "permit(principal, action"}, {}):
    try:
        print(gate.load_bundle(bundle), gate.memoria_em_bytes())
    except PolicyGateError as error:
        print(error.codigo, error.detalhe)
for request in ({"user": 'User::"a"', "agent": 'Agent::"b"', "action": "Tool::query", "resource": 'Dataset::"c"', "context": {}, "entities": []}, {}):
    try:
        print(gate.evaluate(request))
    except PolicyGateError as error:
        print(error.codigo, error.detalhe)
