kubectl patch deployment {{ app }} --patch '
  {"spec": {"template": {"spec": {"containers": [{
    "name": "web",
    "image": "nginx:1.28",
    "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
    "resources": {"requests": {"cpu": "20m"}}}]}}}}'
kubectl rollout status deployment {{ app }}
