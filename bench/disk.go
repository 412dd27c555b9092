package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// fileSystems are names of what Statfs gives a number for.
var fileSystems = map[uint32]string{
	unix.TMPFS_MAGIC: "tmpfs", unix.RAMFS_MAGIC: "ramfs", unix.EXT4_SUPER_MAGIC: "ext4", unix.XFS_SUPER_MAGIC: "xfs",
	unix.BTRFS_SUPER_MAGIC: "btrfs", unix.F2FS_SUPER_MAGIC: "f2fs", unix.OVERLAYFS_SUPER_MAGIC: "overlayfs", unix.FUSE_SUPER_MAGIC: "fuse",
	unix.NFS_SUPER_MAGIC: "nfs", unix.V9FS_MAGIC: "9p", 0x2fc12fc1: "zfs",
}

// fileSystem names what a folder is on, and tells whether that is memory, where a flush costs nothing.
func fileSystem(folder string) (name string, memory bool, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return "", false, fmt.Errorf("statfs %s: %w", folder, err)
	}
	magic := uint32(s.Type)
	name, known := fileSystems[magic]
	if !known {
		name = fmt.Sprintf("file system %#x", magic)
	}
	return name, magic == unix.TMPFS_MAGIC || magic == unix.RAMFS_MAGIC, nil
}
