cp forgets-the-finalizer.bash operator.bash
