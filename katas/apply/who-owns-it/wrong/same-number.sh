kubectl apply --server-side --field-manager={{ team }} --force-conflicts -f mine.yaml
kubectl apply --server-side --field-manager={{ team }} -f both.yaml
