# The same with patches and a file of settings.
kubectl apply -k test
kubectl rollout status deployment {{ app }} --timeout=60s
printf 'LOG_LEVEL=warn\nREGION={{ region }}\n' >live/settings.env
cat >live/kustomization.yaml <<END
resources: [../base]
namespace: overlays-live
configMapGenerator:
  - {name: {{ app }}-settings, envs: [settings.env]}
patches:
  - target: {kind: Deployment}
    patch: |
      - {op: replace, path: /spec/replicas, value: {{ count }}}
      - {op: replace, path: /spec/template/spec/containers/0/image, value: 'nginx:1.27'}
      - {op: add, path: /spec/template/metadata/labels/place, value: live}
END
kubectl apply -k live
sed 's/LOG_LEVEL=.*/LOG_LEVEL={{ after }}/' test/kustomization.yaml >changed
mv changed test/kustomization.yaml
kubectl apply -k test
kubectl rollout status deployment {{ app }} --timeout=60s
kubectl rollout status deployment {{ app }} --namespace overlays-live --timeout=60s
