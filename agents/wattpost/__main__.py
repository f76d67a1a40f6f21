from wattpost.cli import main

main()
