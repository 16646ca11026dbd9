# Waits in place of the renewer, in a few kilobytes of memory, and gives way to it again. Linux, x86-64.
#
#   argv: sleeper DUE PROGRAM ARGUMENT... REASON
#   DUE     seconds since the epoch; PROGRAM is executed with argv from itself on, environment unchanged
#   REASON  last argument; its first byte is set to 'h' when SIGHUP ended the wait, else it stays as given
#
# SIGTERM and SIGINT end it with exit code 0: also as process 1 of a container, which ignores signals without a
# handler, because the signals are blocked and taken by rt_sigtimedwait. The wall clock is looked at every 60 seconds,
# so that a clock that was set, or a machine that slept, is noticed. No stack but the one it was given, no data section.

        .globl _start
_start:
        mov     (%rsp), %r12            # argc
        lea     8(%rsp), %r13           # argv
        lea     16(%rsp,%r12,8), %r14   # envp
        mov     -8(%r13,%r12,8), %r15   # REASON
        mov     8(%r13), %rsi           # DUE, decimal
        xor     %ebx, %ebx
digit:  movzbl  (%rsi), %eax
        sub     $48, %eax
        cmp     $9, %eax
        ja      block
        imul    $10, %rbx, %rbx
        add     %rax, %rbx
        inc     %rsi
        jmp     digit

block:  sub     $32, %rsp               # 0: signal set, 16: timespec
        movq    $0x4003, (%rsp)         # SIGHUP 1, SIGINT 2, SIGTERM 15
        xor     %edi, %edi              # SIG_BLOCK
        call    mask

look:   xor     %edi, %edi              # CLOCK_REALTIME
        lea     16(%rsp), %rsi
        mov     $228, %eax              # clock_gettime
        syscall
        mov     %rbx, %rax
        sub     16(%rsp), %rax          # seconds left
        jle     wake
        mov     $60, %ecx
        cmp     %rcx, %rax
        cmova   %rcx, %rax
        mov     %rax, 16(%rsp)
        movq    $0, 24(%rsp)
        mov     %rsp, %rdi
        xor     %esi, %esi
        lea     16(%rsp), %rdx
        mov     $8, %r10d
        mov     $128, %eax              # rt_sigtimedwait
        syscall
        cmp     $1, %rax
        je      hangup
        test    %rax, %rax
        js      look                    # nothing came: EAGAIN, EINTR
        xor     %edi, %edi
        jmp     leave

hangup: movb    $'h', (%r15)
wake:   mov     $1, %edi                # SIG_UNBLOCK: the mask would outlive execve
        call    mask
        mov     16(%r13), %rdi
        lea     16(%r13), %rsi
        mov     %r14, %rdx
        mov     $59, %eax               # execve
        syscall
        mov     $127, %edi              # PROGRAM cannot be executed
leave:  mov     $60, %eax               # exit
        syscall

mask:   lea     8(%rsp), %rsi           # the signal set, above our return address
        xor     %edx, %edx
        mov     $8, %r10d
        mov     $14, %eax               # rt_sigprocmask
        syscall
        ret
