kubectl apply -f off-by-one.yaml
kubectl wait --for=condition=Established crd/{{ resource }} --timeout=30s
kubectl apply -f first.yaml
kubectl patch {{ thing.singular }} {{ first }} --subresource=status --type=merge -p '{"status": {"state": "{{ state }}"}}'
