kubectl replace --force -f - <<END
apiVersion: v1
kind: Service
metadata:
  name: {{ members }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector: {app: {{ app }}}
  ports:
    - name: http
      port: 80
---
apiVersion: v1
kind: Service
metadata:
  name: {{ app }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector: {app: {{ app }}}
  ports:
    - name: http
      port: 80
END
kubectl rollout status deployment {{ app }} --timeout=60s
