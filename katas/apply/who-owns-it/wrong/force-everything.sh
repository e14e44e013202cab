kubectl apply --server-side --field-manager={{ team }} --force-conflicts -f deployment.yaml
