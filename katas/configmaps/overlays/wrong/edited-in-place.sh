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
replicas:
  - {name: {{ app }}, count: {{ count }}}
images:
  - {name: nginx, newTag: "1.27"}
configMapGenerator:
  - name: {{ app }}-settings
    literals:
      - LOG_LEVEL=warn
      - REGION={{ region }}
END
kubectl apply -k live
kubectl rollout status deployment {{ app }} --namespace overlays-live --timeout=60s
name=$(kubectl get configmaps -o name | grep settings)
kubectl patch $name --type=merge -p '{"data": {"LOG_LEVEL": "{{ after }}"}}'
kubectl rollout restart deployment {{ app }}
kubectl rollout status deployment {{ app }} --timeout=60s
