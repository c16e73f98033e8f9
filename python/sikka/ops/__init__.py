"""Operations: logs without secrets, metrics, health, the audit chain, the doctor."""
