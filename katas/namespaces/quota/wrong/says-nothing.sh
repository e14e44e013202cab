kubectl apply -f - <<END
apiVersion: v1
kind: LimitRange
metadata:
  name: defaults
spec:
  limits:
    - type: Container
      defaultRequest: {cpu: {{ cpu }}m}
      default: {memory: {{ memory }}Mi}
END
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl patch deployment {{ batch }} --type=json \
  -p '[{"op": "remove", "path": "/spec/template/spec/containers/0/resources"}]'
kubectl rollout status deployment {{ batch }} --timeout=60s
