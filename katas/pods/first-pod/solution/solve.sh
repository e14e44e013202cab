kubectl run {{ app }} --image=nginx:{{ version }} --labels=tier={{ tier }}
