kubectl rollout restart deployment {{ app }}
