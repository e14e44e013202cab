kubectl set selector service {{ app }} app={{ app }}
