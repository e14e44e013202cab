echo 'exec python3 operator.py' >run.sh
