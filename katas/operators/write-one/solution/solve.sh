cat run.sh
