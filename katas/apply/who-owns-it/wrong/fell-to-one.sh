kubectl apply --server-side --field-manager={{ team }} --force-conflicts -f forced.yaml
kubectl apply --server-side --field-manager={{ team }} -f given-up.yaml
