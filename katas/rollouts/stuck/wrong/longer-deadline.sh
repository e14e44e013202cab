kubectl patch deployment {{ app }} --type=merge -p '{"spec": {"progressDeadlineSeconds": 3600}}'
