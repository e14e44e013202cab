kubectl set image deployment/{{ app }} web=nginx:1.27
