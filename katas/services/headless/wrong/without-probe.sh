kubectl replace --force -f - <<END
apiVersion: v1
kind: Service
metadata:
  name: {{ members }}
spec:
  clusterIP: None
  selector: {app: {{ app }}}
  ports:
    - name: http
      port: 80
END
kubectl patch deployment {{ app }} --type=json \
  -p '[{"op": "remove", "path": "/spec/template/spec/containers/0/readinessProbe"}]'
kubectl rollout status deployment {{ app }} --timeout=60s
