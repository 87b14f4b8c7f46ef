import { WRAPPERS } from './wrappers.ts'
import type { Run } from './run.ts'

/**
 * Names of programs that may stand in the open part of a log. Any other program is `other` there: its name is somebody's own words and
 * stays in the sealed text.
 */
const KNOWN = new Set([
  ...names(`
    [ alias arch awk b2sum base64 basename bg break cat cd chattr chcon chgrp chmod chown cksum clear cmp comm
    continue cp csplit cut date dd declare df diff dig dir dirname dmesg du echo ed egrep emacs enable exit expand export expr
    factor false fg fgrep file find fmt fold free fuser gawk getent getfacl git grep groups gunzip gzip hash head hexdump host hostname
    htop iconv id info install iostat ip iptables join jobs jq kill killall last less let ln local locale locate logger login
    look ls lsattr lsblk lscpu lsmod lsof make man mawk md5sum mkdir mkfifo mknod mktemp modprobe more mount mountpoint mpstat mv
    namei nano nc netstat nft nl nmap nproc nslookup od passwd paste patch pgrep pidof ping pkill printenv printf ps
    pstree pwd read readlink readonly realpath renice reset return rev rm rmdir rmmod rsync scp sed seq set setfacl sftp sftp-server
    sha1sum sha256sum sha512sum shift shopt shred shuf sleep sort source split ss ssh stat stty sum swapoff swapon sync sysctl
    tac tail tar tcpdump tee test top touch tr traceroute trap true truncate tsort tty type ulimit umask umount unalias uname
    unexpand uniq unlink unset unxz unzip update-grub uptime useradd userdel usermod users vi vim visudo vmstat vdir w wait wall wc
    wget whereis which who whoami xxd xz yes zcat zgrep zip zless ncdu atop curl telnet openssl gpg adduser addgroup
    deluser delgroup groupadd groupdel groupmod chpasswd chage su sg newgrp sudoedit crontab at atq atrm batch disown bind
    systemctl journalctl service loginctl timedatectl hostnamectl localectl resolvectl networkctl busctl machinectl coredumpctl udevadm
    systemd-analyze systemd-cgls systemd-cgtop systemd-tmpfiles shutdown reboot halt poweroff init telinit kexec
    apt apt-get apt-cache apt-mark aptitude dpkg dpkg-query dpkg-reconfigure yum dnf rpm zypper apk pacman snap pip pip3 npm gem
    docker podman crictl ctr nerdctl kubectl helm runc lxc virsh vagrant
    psql pg_dump pg_restore pg_ctl mysql mysqldump mariadb redis-cli mongo mongosh sqlite3 etcdctl consul vault nomad
    nginx apachectl apache2ctl haproxy certbot varnishadm rabbitmqctl php-fpm supervisorctl monit postfix postqueue mailq sendmail
    mkfs mke2fs mkswap wipefs fdisk sfdisk cfdisk gdisk sgdisk parted blkdiscard blkid fsck e2fsck resize2fs xfs_growfs tune2fs
    lvs vgs pvs lvcreate lvextend lvremove lvreduce vgcreate vgextend vgremove pvcreate pvremove mdadm cryptsetup dmsetup zpool zfs
    smartctl hdparm nvme ethtool ifconfig route arp iwconfig nmcli brctl bridge tc ufw firewall-cmd conntrack
    perf gdb jstack jmap jcmd tmux screen dtach ansible ansible-playbook puppet chef-client salt-call terraform
    sh bash dash ash ksh mksh zsh rbash fish csh tcsh python perl ruby node php lua java go gcc cc ld ldd strings nm objdump
  `),
  ...WRAPPERS.keys(),
])

/** Programs whose first operand says what they do. */
const SUBCOMMANDS: Readonly<Record<string, ReadonlySet<string>>> = {
  systemctl: new Set(
    names(`start stop restart try-restart reload reload-or-restart kill enable disable mask unmask status show cat is-active
    is-enabled is-failed list-units list-unit-files list-timers list-jobs list-dependencies list-sockets daemon-reload daemon-reexec edit
    set-property reset-failed isolate poweroff reboot halt kexec soft-reboot suspend hibernate hybrid-sleep rescue emergency`),
  ),
  docker: new Set(
    names(`ps logs inspect images stats top exec run start stop restart kill rm rmi pull push build cp pause unpause
    network volume system compose events port diff version info`),
  ),
  kubectl: new Set(
    names(`get describe logs top explain exec apply delete create edit patch scale rollout cordon uncordon drain
    port-forward cp label annotate replace run version`),
  ),
  git: new Set(
    names(`status log diff show branch fetch pull push checkout switch reset restore merge rebase commit add clean stash
    clone tag describe rev-parse`),
  ),
  apt: new Set(names('install remove purge upgrade full-upgrade update autoremove list show search policy')),
  ip: new Set(names('addr address a link l route r neigh rule netns -br -s')),
  zfs: new Set(names('list get set create destroy snapshot rollback mount unmount')),
  zpool: new Set(names('list status get iostat create destroy import export scrub')),
}
const SAME: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  'apt-cache': 'apt',
  dnf: 'apt',
  yum: 'apt',
  podman: 'docker',
  nerdctl: 'docker',
}

/** `systemctl restart`, `rm`; `other` for a program that is nobody's but theirs, '' where no program runs. */
export function verbOf({ name, words }: Run): string {
  if (words.length === 0) return ''
  if (name === undefined) return 'other'
  const plain = /^(?:python|perl|ruby|node|php|lua|mkfs)[\d.]/.test(name)
    ? name.replace(/[\d.].*$/, '')
    : name
  if (!KNOWN.has(plain)) return 'other'
  const sub = subcommandOf(name, words)
  return sub === undefined ? plain : `${plain} ${sub}`
}

/** The first operand that is one of the program's own words. */
export function subcommandOf(name: string, words: Run['words']): string | undefined {
  const known = SUBCOMMANDS[SAME[name] ?? name]
  if (!known || !Object.hasOwn(SUBCOMMANDS, SAME[name] ?? name)) return undefined
  return words.slice(1, 12).find(({ known: sure, text }) => sure && known.has(text))?.text
}

function names(text: string): string[] {
  return text.split(/\s+/).filter(name => name !== '')
}
