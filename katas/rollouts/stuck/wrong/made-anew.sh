kubectl get deployment {{ app }} -o yaml >{{ app }}.yaml
kubectl delete deployment {{ app }}
kubectl wait --for=delete pod --selector=app={{ app }} --timeout=60s
sed -e 's,image: nginx:.*,image: nginx:1.28,' \
  -e 's,path: /.*,path: /,' \
  -e 's,cpu: .*,cpu: 20m,' {{ app }}.yaml | kubectl create -f -
kubectl rollout status deployment {{ app }}
