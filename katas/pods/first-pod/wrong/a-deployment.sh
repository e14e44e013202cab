kubectl create deployment {{ app }} --image=nginx:{{ version }}
kubectl rollout status deployment {{ app }}
