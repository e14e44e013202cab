# The namespace gets a label that the store asks for; names are asked for by UDP only, wherever port 53 is; the door
# and the store get policies of their own beside the old ones.
kubectl label namespace {{ namespace }} team={{ app }}
kubectl apply -f - <<END
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: more
spec:
  podSelector: {matchExpressions: [{key: app, operator: In, values: [{{ app }}]}]}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: who-may-talk-street}}}]
      ports: [{port: 80}]
  egress:
    - ports: [{protocol: UDP, port: 53}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: more
  namespace: who-may-talk-data
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {team: {{ app }}}}
          podSelector: {matchLabels: {app: {{ app }}}}
      ports: [{port: 6370, endPort: 6379}]
END
