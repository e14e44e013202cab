# Everybody is listed, behind one address.
kubectl replace --force -f - <<END
apiVersion: v1
kind: Service
metadata:
  name: {{ members }}
spec:
  publishNotReadyAddresses: true
  selector: {app: {{ app }}}
  ports:
    - name: http
      port: 80
END
