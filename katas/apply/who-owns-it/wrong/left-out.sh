sed '/replicas:/d' deployment.yaml | kubectl apply --server-side --field-manager={{ team }} --force-conflicts -f -
