"""The program itself: editions, licences, crash reports, its folders."""
