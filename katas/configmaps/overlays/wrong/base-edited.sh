# The base is everybody's.
sed -i -e 's/replicas: .*/replicas: {{ count }}/' -e 's/nginx:1.28/nginx:1.27/' base/deployment.yaml
kubectl apply -k test
kubectl rollout status deployment {{ app }} --timeout=60s
cat >live/kustomization.yaml <<'END'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: overlays-live
resources: [../base]
labels:
  - pairs: {place: live}
    includeTemplates: true
configMapGenerator:
  - name: {{ app }}-settings
    literals:
      - LOG_LEVEL=warn
      - REGION={{ region }}
END
kubectl apply -k live
kubectl rollout status deployment {{ app }} --namespace overlays-live --timeout=60s
sed -i 's/LOG_LEVEL=.*/LOG_LEVEL={{ after }}/' test/kustomization.yaml
kubectl apply -k test
kubectl rollout status deployment {{ app }} --timeout=60s
