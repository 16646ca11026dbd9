// The same program as x86_64.s, for Linux on 64-bit ARM.

        .globl _start
_start:
        ldr     x19, [sp]               // argc
        add     x20, sp, #8             // argv
        add     x21, x20, x19, lsl #3
        ldr     x22, [x21, #-8]         // REASON
        add     x21, x21, #8            // envp
        ldr     x1, [x20, #8]           // DUE, decimal
        mov     x23, #0
        mov     x2, #10
digit:  ldrb    w0, [x1], #1
        sub     w0, w0, #48
        cmp     w0, #9
        b.hi    block
        madd    x23, x23, x2, x0
        b       digit

block:  sub     sp, sp, #32             // 0: signal set, 16: timespec
        mov     x0, #0x4003             // SIGHUP 1, SIGINT 2, SIGTERM 15
        str     x0, [sp]
        mov     x0, #0                  // SIG_BLOCK
        bl      mask

look:   mov     x0, #0                  // CLOCK_REALTIME
        add     x1, sp, #16
        mov     x8, #113                // clock_gettime
        svc     #0
        ldr     x0, [sp, #16]
        subs    x0, x23, x0             // seconds left
        b.le    wake
        mov     x1, #60
        cmp     x0, x1
        csel    x0, x1, x0, hi
        stp     x0, xzr, [sp, #16]
        mov     x0, sp
        mov     x1, #0
        add     x2, sp, #16
        mov     x3, #8
        mov     x8, #137                // rt_sigtimedwait
        svc     #0
        cmp     x0, #1
        b.eq    hangup
        tbnz    x0, #63, look           // nothing came: EAGAIN, EINTR
        mov     x0, #0
        b       leave

hangup: mov     w0, #'h'
        strb    w0, [x22]
wake:   mov     x0, #1                  // SIG_UNBLOCK: the mask would outlive execve
        bl      mask
        add     x1, x20, #16
        ldr     x0, [x1]
        mov     x2, x21
        mov     x8, #221                // execve
        svc     #0
        mov     x0, #127                // PROGRAM cannot be executed
leave:  mov     x8, #93                 // exit
        svc     #0

mask:   mov     x1, sp
        mov     x2, #0
        mov     x3, #8
        mov     x8, #135                // rt_sigprocmask
        svc     #0
        ret
