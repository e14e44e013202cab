# The Secret as a whole, from a manifest that is made on the way; and set env, which knows Secrets.
kubectl create secret generic {{ store }}-login --from-literal=password={{ new }} --dry-run=client -o yaml |
  kubectl replace -f -
kubectl delete pods -l app={{ store }}
kubectl set env deployment/{{ report }} PASSWORD-
kubectl set env deployment/{{ report }} --from=secret/{{ store }}-login --keys=password
kubectl rollout status deployment {{ report }} --timeout=60s
