//! Reports of crashes by a signal, such as an invalid memory access in a driver, on Linux with glibc.
//!
//! The handler calls only async-signal-safe functions (signal-safety(7)): it allocates nothing, takes no lock, and
//! writes prepared text. `backtrace` is the exception; it comes last, and is called once at installation so that its
//! library is loaded.
#![allow(unsafe_code)] // Handlers of signals are set, and files written in them, by C functions alone.

use std::ffi::{CStr, CString, c_int, c_void};
use std::mem::zeroed;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::log::RECENT;
use super::mappings::Mappings;

/// The signals of faults, with their meanings.
const SIGNALS: [(c_int, &str); 4] = [
    (libc::SIGSEGV, "SIGSEGV (invalid memory access)"),
    (libc::SIGBUS, "SIGBUS (memory that a file or device no longer has)"),
    (libc::SIGILL, "SIGILL (invalid instruction)"),
    (libc::SIGABRT, "SIGABRT (the program ended itself)"),
];
/// Maximum number of frames of a backtrace.
const FRAMES: usize = 64;
/// How long a second crashing thread waits for the report of the first, in units of ten milliseconds.
const WAITS: usize = 200;

/// Data prepared for the handler.
struct Prepared {
    /// The folders that contain the report, outermost first.
    folders: Vec<CString>,
    path: CString,
    head: String,
}

static PREPARED: AtomicPtr<Prepared> = AtomicPtr::new(null_mut());
/// The previous handlers of the signals; std has some for two of them, which name the thread with a stack overflow.
static BEFORE: [AtomicPtr<libc::sigaction>; SIGNALS.len()] = [const { AtomicPtr::new(null_mut()) }; SIGNALS.len()];
static IS_CRASHING: AtomicBool = AtomicBool::new(false);
static IS_REPORTED: AtomicBool = AtomicBool::new(false);

/// Sets the beginning of a report at `path`. Previous values are leaked, as a handler may be reading them.
pub fn prepare(path: &Path, head: &str) {
    let c_path = |path: &Path| CString::new(path.as_os_str().as_bytes()).ok();
    let Some(file) = c_path(path) else { return };
    let mut folders: Vec<CString> = path.ancestors().skip(1).filter_map(c_path).collect();
    folders.reverse();
    let prepared = Box::new(Prepared { folders, path: file, head: head.to_owned() });
    PREPARED.store(Box::into_raw(prepared), Ordering::Release);
}

/// Installs the handlers; after the report each signal has its previous effect.
pub fn install() {
    let mut frame = [null_mut(); 1];
    // SAFETY: there is room for one frame.
    unsafe { libc::backtrace(frame.as_mut_ptr(), 1) };
    for ((signal, _), before) in SIGNALS.iter().zip(&BEFORE) {
        // SAFETY: all fields of both structures may be zero; the handler has the signature that SA_SIGINFO asks for.
        let known = unsafe {
            let mut known: Box<libc::sigaction> = Box::new(zeroed());
            let mut action: libc::sigaction = zeroed();
            action.sa_sigaction = crashed as *const () as usize;
            // On std's alternate stack, as the thread's own stack may have overflowed.
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            SIGNALS.iter().for_each(|(signal, _)| _ = libc::sigaddset(&raw mut action.sa_mask, *signal));
            libc::sigaction(*signal, null(), &raw mut *known);
            before.store(Box::into_raw(known), Ordering::Release);
            libc::sigaction(*signal, &raw const action, null_mut())
        };
        if known != 0 {
            tracing::debug!("crashes by signal {signal} leave no report");
        }
    }
}

/// Writes the report, once, and lets the signal end the program.
extern "C" fn crashed(signal: c_int, info: *mut libc::siginfo_t, _context: *mut c_void) {
    if IS_CRASHING.swap(true, Ordering::AcqRel) {
        wait_for_report();
    } else {
        // SAFETY: the system hands a valid structure to the handler.
        let info = unsafe { &*info };
        report(signal, info);
        IS_REPORTED.store(true, Ordering::Release);
    }
    // SAFETY: as above; a fault has a positive code, a signal that a process sent has none.
    let is_fault = unsafe { (*info).si_code } > 0;
    pass_on(signal, is_fault);
}

/// Restores the previous action of the signal. A fault recurs as soon as the handler returns; a signal that was sent is
/// sent again.
fn pass_on(signal: c_int, is_fault: bool) {
    // SAFETY: the pointers are null or lead to structures that are never freed.
    unsafe {
        for ((number, _), before) in SIGNALS.iter().zip(&BEFORE) {
            let before = before.load(Ordering::Acquire);
            let mut action: libc::sigaction = zeroed();
            action.sa_sigaction = libc::SIG_DFL;
            // std's handler assumes that a sent signal recurs like a fault, and would swallow it.
            if *number == signal && is_fault && !before.is_null() {
                action = *before;
            }
            if *number == signal || *number == libc::SIGABRT {
                libc::sigaction(*number, &raw const action, null_mut());
            }
        }
        if !is_fault {
            libc::raise(signal); // Blocked until the handler returns.
        }
    }
}

fn wait_for_report() {
    let pause = libc::timespec { tv_sec: 0, tv_nsec: 10_000_000 };
    for _ in 0..WAITS {
        if IS_REPORTED.load(Ordering::Acquire) {
            return;
        }
        // SAFETY: the structure lives as long as the call.
        unsafe { libc::nanosleep(&raw const pause, null_mut()) };
    }
}

fn report(signal: c_int, info: &libc::siginfo_t) {
    // SAFETY: the pointer is null or leads to a value that is never freed.
    let Some(prepared) = (unsafe { PREPARED.load(Ordering::Acquire).as_ref() }) else { return };
    let screen = RawFile(libc::STDERR_FILENO);
    let Some(file) = RawFile::create(prepared) else {
        screen.texts(&[
            b"motionscope: the program crashed, and no report could be written to ",
            prepared.path.to_bytes(),
            b"\n",
        ]);
        return;
    };
    let name = SIGNALS.iter().find(|(number, _)| *number == signal).map_or("a signal", |(_, name)| *name);
    let mut thread = [0; 16];
    // SAFETY: the system writes at most 16 bytes, the last of which is zero.
    unsafe { libc::prctl(libc::PR_GET_NAME, thread.as_mut_ptr()) };
    let thread = CStr::from_bytes_until_nul(&thread).map_or(&b"?"[..], CStr::to_bytes);
    file.texts(&[prepared.head.as_bytes(), b"What happened: ", name.as_bytes(), b" in the thread ", thread]);
    // SAFETY: signals of faults have an address, for others the field is not used.
    let address = unsafe { info.si_addr() } as usize;
    if info.si_code > 0 {
        file.texts(&[b", address ", &hexadecimal(address)]);
    }
    file.text(b"\n\nLast log lines:\n");
    RECENT.for_each_piece(|piece| file.text(piece));
    screen.texts(&[b"motionscope: the program crashed; report: ", prepared.path.to_bytes(), b"\n"]);
    file.text(b"\nBacktrace (addresses for addr2line):\n");
    write_frames(&file);
}

fn write_frames(file: &RawFile) {
    let mut frames = [null_mut::<c_void>(); FRAMES];
    // SAFETY: the array has room for this many frames.
    let count = unsafe { libc::backtrace(frames.as_mut_ptr(), FRAMES as c_int) };
    for frame in &frames[..count.max(0) as usize] {
        write_frame(file, *frame as usize);
    }
}

/// Writes the address of a frame, with the name of its file and the relative address there.
fn write_frame(file: &RawFile, address: usize) {
    file.texts(&[b"  ", &hexadecimal(address)]);
    if let Some(maps) = RawFile::reading(c"/proc/self/maps") {
        let mut mappings = Mappings::new(address);
        let mut piece = [0; 256];
        // SAFETY: the array has room for this many bytes.
        while let Ok(length @ 1..) =
            usize::try_from(unsafe { libc::read(maps.0, piece.as_mut_ptr().cast(), piece.len()) })
        {
            if piece[..length].iter().any(|byte| mappings.take(*byte)) {
                break;
            }
        }
        maps.close();
        if let Some((name, place)) = mappings.found() {
            file.texts(&[b" ", name, b" + ", &hexadecimal(place)]);
        }
    }
    file.text(b"\n");
}

/// Returns a number as `0x` and 16 digits.
fn hexadecimal(number: usize) -> [u8; 18] {
    let mut text = *b"0x0000000000000000";
    for (place, digit) in text[2..].iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(number as u64 >> (4 * place)) as usize & 15];
    }
    text
}

/// An open, unbuffered file.
struct RawFile(c_int);

impl RawFile {
    /// Creates the report and its folders, unless it exists.
    fn create(prepared: &Prepared) -> Option<Self> {
        // SAFETY: the paths are zero-terminated.
        let file = unsafe {
            for folder in &prepared.folders {
                libc::mkdir(folder.as_ptr(), 0o777);
            }
            libc::open(prepared.path.as_ptr(), libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC, 0o666)
        };
        (file >= 0).then_some(Self(file))
    }

    fn reading(path: &CStr) -> Option<Self> {
        // SAFETY: the path is zero-terminated.
        let file = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
        (file >= 0).then_some(Self(file))
    }

    fn texts(&self, texts: &[&[u8]]) {
        texts.iter().for_each(|text| self.text(text));
    }

    /// Writes `text`, until the disk is full.
    fn text(&self, mut text: &[u8]) {
        while !text.is_empty() {
            // SAFETY: the bytes outlive the call.
            let written = unsafe { libc::write(self.0, text.as_ptr().cast(), text.len()) };
            match usize::try_from(written) {
                Ok(written @ 1..) => text = &text[written..],
                _ => return,
            }
        }
    }

    fn close(self) {
        // SAFETY: the descriptor is open.
        unsafe { libc::close(self.0) };
    }
}
