// ends END WORK WARMUP COUNT SIZE FDS FIRST LAST: both ends of the works, with Go's own net package.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"strconv"
	"syscall"
	"time"
)

var (
	end, work                    string
	warmup, count, size, fdCount int
	total                        int
	files                        [2]int
	conn                         *net.UnixConn
	payload                      []byte
	sent, received               meter
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func require(holds bool, what string) {
	if !holds {
		must(fmt.Errorf("%s", what))
	}
}

func identity(fd int) string {
	var info syscall.Stat_t
	must(syscall.Fstat(fd, &info))
	return fmt.Sprintf("%d:%d", info.Dev, info.Ino)
}

func cpuTime() int64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

// meter is what went one way, and the clock between the end of the warm-up and the last message.
type meter struct {
	Messages int    `json:"messages"`
	Bytes    int    `json:"bytes"`
	Fds      int    `json:"fds"`
	First    string `json:"first"`
	Last     string `json:"last"`
	Ns       int64  `json:"ns"`
	CPU      int64  `json:"cpu"`
	start    time.Time
	cpuStart int64
}

// count takes a message whose descriptors are still open.
func (m *meter) count(length int, fds []int) {
	m.Messages++
	m.Bytes += length
	m.Fds += len(fds)
	if len(fds) > 0 && m.Messages == 1 {
		m.First = identity(fds[0])
	}
	if len(fds) > 0 && m.Messages == total {
		m.Last = identity(fds[len(fds)-1])
	}
	if m.Messages == warmup {
		m.start = time.Now()
		m.cpuStart = cpuTime()
	}
	if m.Messages == total {
		m.Ns = time.Since(m.start).Nanoseconds()
		m.CPU = cpuTime() - m.cpuStart
	}
}

type rights struct {
	fds     []int
	control []byte
}

var prepared [2]rights

func prepare() {
	for i, file := range files {
		fds := make([]int, fdCount)
		for j := range fds {
			fds[j] = file
		}
		prepared[i] = rights{fds, syscall.UnixRights(fds...)}
	}
}

func send() {
	if fdCount == 0 {
		_, err := conn.Write(payload)
		must(err)
		sent.count(size, nil)
		return
	}
	now := prepared[0]
	if sent.Messages == total-1 {
		now = prepared[1]
	}
	length, _, err := conn.WriteMsgUnix(payload, now.control, nil)
	must(err)
	require(length == size, "a short send")
	sent.count(size, now.fds)
}

func receive(bytes, control []byte) {
	if fdCount == 0 {
		_, err := io.ReadFull(conn, bytes)
		must(err)
		received.count(size, nil)
		return
	}
	length, controlLength, flags, _, err := conn.ReadMsgUnix(bytes, control)
	must(err)
	require(length == size && flags&syscall.MSG_CTRUNC == 0, "a message that is not whole")
	messages, err := syscall.ParseSocketControlMessage(control[:controlLength])
	must(err)
	require(len(messages) == 1, "one control message")
	fds, err := syscall.ParseUnixRights(&messages[0])
	must(err)
	received.count(size, fds)
	for _, fd := range fds {
		must(syscall.Close(fd))
	}
}

func receiveStream(bytes []byte) {
	for untilNext := size; received.Messages < total; {
		got, err := conn.Read(bytes)
		must(err)
		for untilNext -= got; untilNext <= 0; untilNext += size {
			received.count(size, nil)
		}
	}
}

type line struct {
	End      string `json:"end"`
	Sent     *meter `json:"sent,omitempty"`
	Received *meter `json:"received,omitempty"`
	P50      int64  `json:"p50,omitempty"`
	P99      int64  `json:"p99,omitempty"`
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	must(err)
	return value
}

func main() {
	require(len(os.Args) >= 9, "arguments")
	end, work = os.Args[1], os.Args[2]
	warmup, count, size, fdCount = number(os.Args[3]), number(os.Args[4]), number(os.Args[5]), number(os.Args[6])
	total = warmup + count
	for i := range files {
		fd, err := syscall.Open(os.Args[7+i], syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		must(err)
		files[i] = fd
	}
	file := os.NewFile(3, "socket")
	made, err := net.FileConn(file)
	must(err)
	must(file.Close())
	conn = made.(*net.UnixConn)
	payload = make([]byte, size)
	prepare()

	bytes := make([]byte, size)
	control := make([]byte, syscall.CmsgSpace(4*fdCount))
	report := line{End: end}
	isSender := end == "sender"
	switch {
	case isSender && (work == "flood" || work == "stream"):
		for i := 0; i < total; i++ {
			send()
		}
	case work == "flood":
		for i := 0; i < total; i++ {
			receive(bytes, control)
		}
	case work == "stream":
		receiveStream(bytes)
	case work == "echo" && isSender:
		trips := make([]int64, 0, count)
		for i := 0; i < total; i++ {
			start := time.Now()
			send()
			receive(bytes, control)
			if i >= warmup {
				trips = append(trips, time.Since(start).Nanoseconds())
			}
		}
		sort.Slice(trips, func(i, j int) bool { return trips[i] < trips[j] })
		report.P50, report.P99 = trips[count/2], trips[count*99/100]
	case work == "echo":
		for i := 0; i < total; i++ {
			receive(bytes, control)
			send()
		}
	default:
		require(false, "unknown work "+work)
	}

	if sent.Messages > 0 {
		report.Sent = &sent
	}
	if received.Messages > 0 {
		report.Received = &received
	}
	must(json.NewEncoder(os.Stdout).Encode(report))
	if isSender == (work != "echo") {
		_, err := conn.Read(bytes[:1])
		require(err == io.EOF, "the other end")
	}
}
