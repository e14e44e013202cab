# From the command line: create makes the selector app=NAME, so it is set afterwards.
kubectl delete service {{ members }}
kubectl create service clusterip {{ members }} --clusterip=None --tcp=80
kubectl set selector service {{ members }} app={{ app }}
kubectl patch service {{ members }} --patch '{"spec": {"publishNotReadyAddresses": true}}'
kubectl rollout status deployment {{ app }} --timeout=60s
