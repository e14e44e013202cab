kubectl apply -f status-in-the-open.yaml
kubectl wait --for=condition=Established crd/{{ resource }} --timeout=30s
kubectl apply -f first.yaml
kubectl patch {{ thing.singular }} {{ first }} --type=merge -p '{"status": {"state": "{{ state }}"}}'
