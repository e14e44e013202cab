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
kubectl patch resourcequota budget --type=merge -p '{"spec": {"hard": {"requests.cpu": "8"}}}'
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl rollout restart deployment {{ batch }}
kubectl rollout status deployment {{ batch }} --timeout=60s
