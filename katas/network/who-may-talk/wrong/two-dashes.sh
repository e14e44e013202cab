kubectl apply -f - <<END
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: names
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
      ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
END
kubectl patch networkpolicy {{ store }} -n who-may-talk-data --type=json -p '[
  {"op": "replace", "path": "/spec/ingress/0/from", "value": [
    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "who-may-talk"}}},
    {"podSelector": {"matchLabels": {"app": "{{ app }}"}}}]}]'
kubectl patch networkpolicy {{ app }} --type=json \
  -p '[{"op": "replace", "path": "/spec/ingress/0/ports/0/port", "value": 80}]'
