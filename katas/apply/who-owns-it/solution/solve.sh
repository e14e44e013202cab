kubectl get deployment {{ app }} -o yaml --show-managed-fields
kubectl apply --server-side --field-manager={{ team }} --force-conflicts -f own.yaml
kubectl apply --server-side --field-manager={{ team }} -f give-up.yaml
kubectl rollout status deployment {{ app }}
