kubectl scale deployment {{ app }} --replicas=0
