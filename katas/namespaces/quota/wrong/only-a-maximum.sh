kubectl set resources deployment {{ batch }} --requests=cpu={{ need }}m
kubectl rollout status deployment {{ batch }} --timeout=60s
kubectl apply -f - <<END
apiVersion: v1
kind: LimitRange
metadata:
  name: defaults
spec:
  limits:
    - type: Container
      max: {cpu: 300m, memory: 256Mi}
END
kubectl rollout restart deployment {{ app }}
