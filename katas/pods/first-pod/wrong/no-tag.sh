kubectl run {{ app }} --image=nginx --labels=tier={{ tier }}
