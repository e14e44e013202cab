# Headless, and still nobody is listed before it is Ready.
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
