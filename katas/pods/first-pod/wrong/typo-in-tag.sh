kubectl run {{ app }} --image=nginx:{{ version }}.x --labels=tier={{ tier }}
