kubectl run {{ app }} --image=nginx:{{ version }} --labels=app={{ tier }}
