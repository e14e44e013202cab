kubectl rollout restart deployment {{ app }} {{ ledger }}
