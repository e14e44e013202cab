bundle=$(kubectl get secret inspector-tls --namespace gatehouse --output jsonpath='{.data.ca\.crt}')

# The inspector does not inspect itself, and is known by the authority that signs for it now.
kubectl patch validatingwebhookconfiguration inspection --type=json --patch '[
  {"op": "replace", "path": "/webhooks/0/namespaceSelector/matchExpressions/0/values", "value": ["{{ namespace }}"]},
  {"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": "'"$bundle"'"}
]'
# Whoever was refused again and again tries seldom by now.
kubectl rollout restart deployment/inspector --namespace gatehouse
kubectl rollout restart deployment/{{ app }}

sed "s|caBundle: .*|caBundle: $bundle|" stamp.yaml | kubectl apply -f -
