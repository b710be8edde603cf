"""`python -m cloud_proxy` is `limpet-proxy`."""

from cloud_proxy.cli import main

if __name__ == "__main__":
    main()
